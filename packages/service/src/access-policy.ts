/** `direct`: NFS spoken by the worker; `mount`: the kernel's client; `folder`: what is mounted already; `auto`: direct, else a mount. */
export const accessPolicies = ['auto', 'direct', 'mount', 'folder'] as const
/** How a worker opens exports; see `accessPolicies`. */
export type AccessPolicy = (typeof accessPolicies)[number]
