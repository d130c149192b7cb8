import type { Role } from './roles.ts'

/** Starts a program, and loads no other. A single file holds each as a text that is compiled here. */
export const start: Readonly<Record<Role, () => Promise<unknown>>> = {
  manager: () => import('./bin.ts'),
  worker: () => import('@cachewarmer/worker/bin'),
  submit: () => import('@cachewarmer/submit/bin'),
}
