terraform {
  required_version = ">= 1.5"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = ">= 4.55, < 6"
    }
    avere = {
      source  = "hashicorp/avere"
      version = ">= 1.3"
    }
    azapi = {
      source  = "azure/azapi"
      version = "~> 2.0"
    }
  }
}

provider "azurerm" {
  # The storage account has no keys that could be used.
  storage_use_azuread = true
  # Version 5 registers none of itself, version 4 more than are needed.
  resource_provider_registrations = "none"
  resource_providers_to_register  = ["Microsoft.Compute", "Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.Storage"]

  features {
    storage {
      # A private endpoint may be out of reach for the machine that runs terraform.
      data_plane_available = false
    }
  }
}
