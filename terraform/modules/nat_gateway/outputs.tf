output "id" {
  value       = azurerm_nat_gateway.out.id
  description = "Id of the gateway; what depends on it waits until the subnets have their way out."
  depends_on  = [azurerm_nat_gateway_public_ip_association.out, azurerm_subnet_nat_gateway_association.out]
}
