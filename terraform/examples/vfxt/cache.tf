resource "avere_vfxt" "vfxt" {
  controller_address        = module.controller.controller_address
  controller_admin_username = module.controller.controller_username
  # An SSH key takes precedence.
  controller_admin_password = var.vm_ssh_key_data == null ? var.vm_admin_password : ""
  controller_ssh_port       = var.ssh_port

  location                     = azurerm_resource_group.cloud.location
  azure_resource_group         = azurerm_resource_group.cloud.name
  azure_network_resource_group = azurerm_resource_group.cloud.name
  azure_network_name           = module.render_network.vnet_name
  azure_subnet_name            = module.render_network.cache_subnet_name
  proxy_uri                    = var.proxy
  cluster_proxy_uri            = var.proxy

  vfxt_cluster_name   = var.vfxt_cluster_name
  vfxt_admin_password = var.vfxt_cluster_password
  vfxt_ssh_key_data   = var.vm_ssh_key_data
  vfxt_node_count     = 3
  node_size           = var.vfxt_use_test_sku ? "unsupported_test_SKU" : "prod_sku"

  core_filer {
    name               = "nfs1"
    fqdn_or_primary_ip = module.filer.primary_ip
    cache_policy       = var.cache_policy

    junction {
      namespace_path    = module.filer.core_filer_export
      core_filer_export = module.filer.core_filer_export
    }
  }

  depends_on = [
    azurerm_virtual_network_peering.to_onprem,
    azurerm_virtual_network_peering.from_onprem,
    azurerm_role_assignment.controller,
  ]
}
