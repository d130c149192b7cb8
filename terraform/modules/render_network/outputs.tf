output "vnet_name" {
  value       = azurerm_virtual_network.render.name
  description = "Name of the network."
}

output "vnet_id" {
  value       = azurerm_virtual_network.render.id
  description = "Id of the network."
}

output "cache_subnet_name" {
  value       = azurerm_subnet.cache.name
  description = "Name of the cache's subnet."
  depends_on  = [module.out]
}

output "cache_subnet_id" {
  value       = azurerm_subnet.cache.id
  description = "Id of the cache's subnet."
}

output "jumpbox_subnet_id" {
  value       = azurerm_subnet.jumpbox.id
  description = "Id of the controller's subnet."
  depends_on = [
    azurerm_subnet_network_security_group_association.jumpbox,
    module.out,
  ]
}

output "workers_subnet_id" {
  value       = azurerm_subnet.workers.id
  description = "Id of the scale set's subnet."
}

output "workers_subnet_name" {
  value       = azurerm_subnet.workers.name
  description = "Name of the scale set's subnet."
}

output "queues_endpoint" {
  value       = { subnet_id = azurerm_subnet.endpoints.id, dns_zone_id = azurerm_private_dns_zone.queues.id }
  description = "Where the private endpoint of the queues goes: the queues_endpoint of the module cachewarmer."
  depends_on  = [azapi_resource.queues]
}
