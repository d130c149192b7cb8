/** The unit of a worker that the image holds; its log is where people look first. */
export const workerUnit = (command: readonly string[]): string => `[Unit]
Description=CacheWarmer worker
Wants=network-online.target
After=network-online.target

[Service]
EnvironmentFile=/etc/cachewarmer/worker.env
ExecStart=${command.join(' ')}
Restart=always
RestartSec=2
TimeoutStopSec=60
LimitNOFILE=65536
LimitCORE=0
StandardOutput=append:/var/log/cachewarmer-worker.log
StandardError=append:/var/log/cachewarmer-worker.log

[Install]
WantedBy=multi-user.target
`

export const lifeLimitService = `[Unit]
Description=Delete this machine at the end of its life

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/cachewarmer-self-delete "life limit reached"
`

/** The last fail-safe: whatever becomes of manager and worker, a machine does not live for ever. */
export const lifeLimitTimer = (lifeLimitMs: number): string => `[Unit]
Description=End of this machine's life

[Timer]
OnBootSec=${Math.ceil(lifeLimitMs / 1000)}s

[Install]
WantedBy=timers.target
`
