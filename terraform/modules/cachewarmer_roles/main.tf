locals {
  # Azure wants the names of custom roles to be unique in the whole tenant.
  deployment = substr(sha256(lower("${var.resource_group_id}/${var.name}")), 0, 8)
}

# The workers' identity: it reads and writes the queues, and a worker without work and manager deletes its own machine.
resource "azurerm_user_assigned_identity" "worker" {
  name                = var.name
  resource_group_name = var.resource_group_name
  location            = var.location
}

resource "azurerm_role_assignment" "worker_queues" {
  scope                = var.storage_account_id
  role_definition_name = "Storage Queue Data Contributor"
  principal_id         = azurerm_user_assigned_identity.worker.principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_definition" "worker" {
  name        = "${var.name} ends its own machine (${local.deployment})"
  scope       = var.resource_group_id
  description = "A worker of a CacheWarmer deletes its machine when it has neither work nor a manager."

  permissions {
    actions = ["Microsoft.Compute/virtualMachineScaleSets/virtualMachines/delete"]
  }

  assignable_scopes = [var.resource_group_id]
}

resource "azurerm_role_assignment" "worker_machine" {
  scope              = var.resource_group_id
  role_definition_id = azurerm_role_definition.worker.role_definition_resource_id
  principal_id       = azurerm_user_assigned_identity.worker.principal_id
  principal_type     = "ServicePrincipal"
}

# The manager: queues, the scale set and nothing else. The actions are those of docs/azure-roles.md, which a test compares.
resource "azurerm_role_assignment" "manager_queues" {
  scope                = var.storage_account_id
  role_definition_name = "Storage Queue Data Contributor"
  principal_id         = var.controller_principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_definition" "manager" {
  name        = "${var.name} scale set (${local.deployment})"
  scope       = var.resource_group_id
  description = "The manager of a CacheWarmer makes, keeps and deletes its scale set, and finds its own subnet."

  permissions {
    actions = [
      "Microsoft.Compute/virtualMachineScaleSets/read",
      "Microsoft.Compute/virtualMachineScaleSets/write",
      "Microsoft.Compute/virtualMachineScaleSets/delete",
      "Microsoft.Compute/virtualMachineScaleSets/delete/action",
      "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/read",
      "Microsoft.Compute/virtualMachineScaleSets/virtualMachines/instanceView/read",
      "Microsoft.Compute/locations/operations/read",
      "Microsoft.Compute/virtualMachines/read",
      "Microsoft.Network/networkInterfaces/read",
    ]
  }

  assignable_scopes = [var.resource_group_id]
}

resource "azurerm_role_assignment" "manager_scale_set" {
  scope              = var.resource_group_id
  role_definition_id = azurerm_role_definition.manager.role_definition_resource_id
  principal_id       = var.controller_principal_id
  principal_type     = "ServicePrincipal"
}

resource "azurerm_role_assignment" "manager_subnet" {
  scope                = var.subnet_id
  role_definition_name = "Network Contributor"
  principal_id         = var.controller_principal_id
  principal_type       = "ServicePrincipal"
}

resource "azurerm_role_assignment" "manager_worker_identity" {
  scope                = azurerm_user_assigned_identity.worker.id
  role_definition_name = "Managed Identity Operator"
  principal_id         = var.controller_principal_id
  principal_type       = "ServicePrincipal"
}
