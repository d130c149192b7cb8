locals {
  use_ssh_key = var.ssh_key_data != null && var.ssh_key_data != ""
  ubuntu      = { publisher = "Canonical", offer = "ubuntu-24_04-lts", sku = "server" }
  identity    = var.identity_id == null ? [] : [split("/", var.identity_id)]
}

data "azurerm_user_assigned_identity" "controller" {
  count               = length(local.identity)
  name                = local.identity[0][8]
  resource_group_name = local.identity[0][4]
}

resource "azurerm_public_ip" "controller" {
  count               = var.add_public_ip ? 1 : 0
  name                = var.unique_name
  resource_group_name = var.resource_group_name
  location            = var.location
  allocation_method   = "Static"
  sku                 = "Standard"
}

resource "azurerm_network_interface" "controller" {
  name                = var.unique_name
  resource_group_name = var.resource_group_name
  location            = var.location

  ip_configuration {
    name                          = "internal"
    subnet_id                     = var.subnet_id
    private_ip_address_allocation = "Dynamic"
    public_ip_address_id          = one(azurerm_public_ip.controller[*].id)
  }
}

resource "azurerm_linux_virtual_machine" "controller" {
  name                            = var.unique_name
  resource_group_name             = var.resource_group_name
  location                        = var.location
  size                            = var.vm_size
  network_interface_ids           = [azurerm_network_interface.controller.id]
  admin_username                  = var.admin_username
  admin_password                  = local.use_ssh_key ? null : var.admin_password
  disable_password_authentication = local.use_ssh_key
  source_image_id                 = var.image_id
  custom_data = var.image_id != null ? null : base64encode(templatefile("${path.module}/cloud-init.yaml.tftpl", {
    ssh_port     = var.ssh_port
    has_packages = var.marketplace_image == null
  }))

  # The manager's identity: cachewarmer_roles gives it its rights.
  identity {
    type         = var.identity_id == null ? "SystemAssigned" : "UserAssigned"
    identity_ids = var.identity_id == null ? null : [var.identity_id]
  }

  dynamic "admin_ssh_key" {
    for_each = local.use_ssh_key ? [var.ssh_key_data] : []
    content {
      username   = var.admin_username
      public_key = admin_ssh_key.value
    }
  }

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }

  dynamic "source_image_reference" {
    for_each = var.image_id == null ? [coalesce(var.marketplace_image, local.ubuntu)] : []
    content {
      publisher = source_image_reference.value.publisher
      offer     = source_image_reference.value.offer
      sku       = source_image_reference.value.sku
      version   = "latest"
    }
  }

  dynamic "plan" {
    for_each = var.marketplace_image == null ? [] : [var.marketplace_image]
    content {
      publisher = plan.value.publisher
      product   = plan.value.offer
      name      = plan.value.sku
    }
  }
}
