/** Executables are made for Linux alone; said aloud where that is not what this is. */
export const notLinux: boolean = process.platform !== 'linux'
if (notLinux) console.log('SKIPPED: what is released, because this is not Linux')
