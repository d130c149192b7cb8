output "installed" {
  value       = module.remote.id
  description = "Changes with each installation; what depends on it waits until the manager runs."
}
