locals {
  use_ssh_key = var.ssh_key_data != null && var.ssh_key_data != ""
}

resource "azurerm_network_interface" "filer" {
  name                = var.unique_name
  resource_group_name = var.resource_group_name
  location            = var.location

  ip_configuration {
    name                          = "internal"
    subnet_id                     = var.subnet_id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_linux_virtual_machine" "filer" {
  name                            = var.unique_name
  resource_group_name             = var.resource_group_name
  location                        = var.location
  size                            = var.vm_size
  network_interface_ids           = [azurerm_network_interface.filer.id]
  admin_username                  = var.admin_username
  admin_password                  = local.use_ssh_key ? null : var.admin_password
  disable_password_authentication = local.use_ssh_key
  custom_data = base64encode(templatefile("${path.module}/cloud-init.yaml.tftpl", {
    export_path  = var.export_path
    clients      = join(" ", [for range in var.allowed_clients : "${range}(rw,async,no_root_squash,no_subtree_check)"])
    sample_files = var.sample_files
  }))

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
    disk_size_gb         = var.disk_size_gb
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "ubuntu-24_04-lts"
    sku       = "server"
    version   = "latest"
  }
}
