# Each output is there once all roles are.

output "worker_identity_id" {
  value       = azurerm_user_assigned_identity.worker.id
  description = "Resource id of the workers' identity, for cachewarmer_manager_install."
  depends_on = [
    azurerm_role_assignment.worker_queues,
    azurerm_role_assignment.worker_machine,
    azurerm_role_assignment.manager_queues,
    azurerm_role_assignment.manager_scale_set,
    azurerm_role_assignment.manager_subnet,
    azurerm_role_assignment.manager_worker_identity,
  ]
}
