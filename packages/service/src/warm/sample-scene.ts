import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const shots = 6
const framesAShot = 120
const texturesAShot = 40

/** The sizes come from the position alone, so that everybody's sample is the same: 4 to 64 KiB a frame. */
const frameBytes = (shot: number, frame: number): number => 4_096 + ((shot * 7_919 + frame * 104_729) % 61_440)

/**
 * Makes a small film project: a few shots, each with frames, textures and one larger cache of geometry; about a thousand
 * files and 60 MB in all.
 */
export async function makeSampleScene(folder: string): Promise<void> {
  for (let shot = 1; shot <= shots; shot += 1) {
    const at = join(folder, `shot-${String(shot).padStart(3, '0')}`)
    await makeFiles(join(at, 'frames'), framesAShot, (frame) => ({
      name: `beauty.${String(frame).padStart(4, '0')}.exr`,
      bytes: frameBytes(shot, frame),
    }))
    await makeFiles(join(at, 'textures'), texturesAShot, (texture) => ({
      name: `wood-${texture}.tx`,
      bytes: frameBytes(texture, shot),
    }))
    await makeFiles(join(at, 'geometry'), 1, () => ({ name: 'set.abc', bytes: 4 * 1024 * 1024 }))
  }
}

async function makeFiles(
  folder: string,
  count: number,
  file: (at: number) => { name: string; bytes: number },
): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (let at = 1; at <= count; at += 1) {
    const { name, bytes } = file(at)
    await writeFile(join(folder, name), Buffer.alloc(bytes, at))
  }
}
