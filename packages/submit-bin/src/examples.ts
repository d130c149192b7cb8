/** The end of the help. */
export const examples = `Examples
  Warm a scene through three addresses of a cache, and wait until every file was read:
    cachewarmer-submit --queue sqlite:/var/lib/cachewarmer/queue.db --queue-name-prefix studio \\
      --addresses 10.0.1.11,10.0.1.12,10.0.1.13 --export /animation --path /scene1 --wait

  Only images of at most 1 GiB, each through one address, from a queue in Azure:
    export CACHEWARMER_QUEUE=https://ACCOUNT.queue.core.windows.net QUEUE_PREFIX=studio
    cachewarmer-submit --addresses 10.0.1.11,10.0.1.12 --export /animation --path /scene1 --path /scene2 \\
      --include '*.exr,*.tif' --max-file-size-bytes 1073741824 --through spread --job-id night

  What there is and how long warming it would take; then only listings and attributes:
    cachewarmer-submit --addresses 10.0.1.11,10.0.1.12 --export /animation --path /scene1 --mode estimate --wait
    cachewarmer-submit --addresses 10.0.1.11,10.0.1.12 --export /animation --path /scene1 --mode metadata

  Paths of a list of any length first, then the rest of the scene but for what a rule file leaves out:
    find frames -name '*.exr' -print0 | cachewarmer-submit --addresses 10.0.1.11 --export /animation \\
      --files-from - --null --path /scene1 --rules .warmignore

  What a priming manifest of Azure HPC Cache says; and what changed since the last warm-up of the same:
    cachewarmer-submit --addresses 10.0.1.11 --export /animation --manifest prime.json
    cachewarmer-submit --addresses 10.0.1.11 --export /animation --path /scene1 --modified-since last

  See its progress, and end it:
    cachewarmer-submit status night --wait
    cachewarmer-submit list
    cachewarmer-submit change night --weight 30 --max-bytes-per-second 500000000
    cachewarmer-submit cancel night

  What failed, once it is mended, and nothing else:
    cachewarmer-submit failures night
    cachewarmer-submit --retry night --wait

  A job from a file:
    echo '{"WarmTargetMountAddresses":["10.0.1.11"],"WarmTargetExportPath":"/data","WarmTargetPath":"/tools"}' |
      cachewarmer-submit --job - --json

  Prove that it is warm, and fail a pipeline that would start too early:
    cachewarmer-submit verify night --require 99% --picture warmth.svg
    cachewarmer-submit verify --addresses 10.0.1.11,10.0.1.12 --export /animation --path /scene1

Exit codes
  0 done; with --wait: every file was read    1 the job ended otherwise    2 wrong options, or the job was refused
  3 the queue can't be reached                130 stopped waiting; the job continues

Secrets come from the environment or a file, never from the command line: STORAGE_KEY, AZURE_STORAGE_CONNECTION_STRING,
CACHEWARMER_STORAGE_SAS or --storage-key-file; without any of them a token is asked for (managed identity, environment,
CLI). The original's flags (-warmTargetPath, -queueNamePrefix, -blockUntilWarm ...) are understood as well.
`
