resource "azurerm_hpc_cache" "cache" {
  name                = var.hpc_cache_name
  resource_group_name = var.controller_rg
  location            = data.azurerm_resource_group.controller.location
  cache_size_in_gb    = var.hpc_cache_size
  subnet_id           = data.azurerm_subnet.cache.id
  sku_name            = var.hpc_cache_throughput
}

resource "azurerm_hpc_cache_nfs_target" "filer" {
  name                = "filer"
  resource_group_name = var.controller_rg
  cache_name          = azurerm_hpc_cache.cache.name
  target_host_name    = var.filer_address
  usage_model         = var.hpc_usage_model

  namespace_junction {
    namespace_path = var.filer_export
    nfs_export     = var.filer_export
    target_path    = ""
  }
}
