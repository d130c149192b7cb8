terraform {
  required_version = ">= 1.5"
  required_providers {
    # HPC Cache left Azure on 30 September 2025, and azurerm 5 does not have it any more; see README.md.
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 4.55"
    }
  }
}

provider "azurerm" {
  # The storage account has no keys that could be used.
  storage_use_azuread = true
  features {}
}
