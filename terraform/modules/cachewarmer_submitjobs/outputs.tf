output "warmed" {
  value       = [for key in keys(local.jobs) : key if module.job[key].id != ""]
  description = "The jobs that were submitted, as EXPORT:PATH; with block_until_warm, those that are warm."
}
