output "installed" {
  value       = terraform_data.worker.id
  description = "Changes with each installation; what depends on it waits until the worker runs."
}
