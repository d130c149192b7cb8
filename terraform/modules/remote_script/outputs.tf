output "id" {
  value       = terraform_data.script.id
  description = "Changes with each run; what depends on it waits until the script has ended."
}
