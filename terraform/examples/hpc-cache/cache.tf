resource "azurerm_hpc_cache" "cache" {
  name                = var.hpc_cache_name
  resource_group_name = azurerm_resource_group.cloud.name
  location            = azurerm_resource_group.cloud.location
  cache_size_in_gb    = var.hpc_cache_size
  subnet_id           = module.render_network.cache_subnet_id
  sku_name            = var.hpc_cache_throughput

  depends_on = [
    azurerm_virtual_network_peering.to_onprem,
    azurerm_virtual_network_peering.from_onprem,
  ]
}

resource "azurerm_hpc_cache_nfs_target" "filer" {
  name                = "filer"
  resource_group_name = azurerm_resource_group.cloud.name
  cache_name          = azurerm_hpc_cache.cache.name
  target_host_name    = module.filer.primary_ip
  usage_model         = var.hpc_usage_model

  namespace_junction {
    namespace_path = module.filer.core_filer_export
    nfs_export     = module.filer.core_filer_export
    target_path    = ""
  }
}
