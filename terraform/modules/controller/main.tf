locals {
  use_ssh_key = var.ssh_key_data != null && var.ssh_key_data != ""
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
  custom_data                     = var.image_id == null ? base64encode(file("${path.module}/cloud-init.yaml")) : null

  # The manager's identity: cachewarmer_roles gives it its rights.
  identity {
    type = "SystemAssigned"
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
    for_each = var.image_id == null ? ["ubuntu"] : []
    content {
      publisher = "Canonical"
      offer     = "ubuntu-24_04-lts"
      sku       = "server"
      version   = "latest"
    }
  }
}
