resource "azurerm_netapp_account" "cache" {
  name                = "${var.cache_name}-cache"
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
}

resource "azurerm_netapp_pool" "cache" {
  name                = "cache"
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
  account_name        = azurerm_netapp_account.cache.name
  service_level       = var.service_level
  size_in_tb          = var.pool_size_tb
}

# azurerm has no cache volumes. Azure is done with this one when the origin's administrator has accepted both peerings, which
# README.md describes: the apply waits here meanwhile.
resource "azapi_resource" "cache" {
  type      = "Microsoft.NetApp/netAppAccounts/capacityPools/caches@2026-01-01"
  name      = var.cache_name
  parent_id = azurerm_netapp_pool.cache.id
  location  = azurerm_resource_group.cloud.location

  body = {
    zones = [var.zone]
    properties = {
      filePath                = var.cache_export
      size                    = var.cache_size_gib * 1024 * 1024 * 1024
      cacheSubnetResourceId   = var.cache_subnet_id
      peeringSubnetResourceId = coalesce(var.peering_subnet_id, var.cache_subnet_id)
      encryptionKeySource     = "Microsoft.NetApp"
      protocolTypes           = [var.nfs_version == "3" ? "NFSv3" : "NFSv4"]

      # Workers read as root, unless CACHEWARMER_NFS_UID says otherwise.
      exportPolicy = {
        rules = [{
          ruleIndex      = 1
          allowedClients = join(",", var.allowed_clients)
          nfsv3          = var.nfs_version == "3"
          nfsv41         = var.nfs_version == "4.1"
          cifs           = false
          unixReadOnly   = false
          unixReadWrite  = true
          hasRootAccess  = true
        }]
      }

      originClusterInformation = {
        peerClusterName = var.origin_cluster_name
        peerAddresses   = var.origin_addresses
        peerVserverName = var.origin_svm
        peerVolumeName  = var.origin_volume
      }
    }
  }

  response_export_values = ["properties.mountTargets"]

  timeouts {
    create = "3h"
  }
}

locals {
  cache_addresses = [for target in azapi_resource.cache.output.properties.mountTargets : target.ipAddress]
  # NFSv4.1 is spoken by the kernel alone.
  access = var.nfs_version == "3" ? {} : { CACHEWARMER_ACCESS = "mount" }
}
