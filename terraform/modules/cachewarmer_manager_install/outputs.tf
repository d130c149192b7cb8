output "installed" {
  value       = terraform_data.manager.id
  description = "Changes with each installation; what depends on it waits until the manager runs."
}
