import { type Static, Type } from 'typebox'
import { problem } from '../errors.ts'
import { runPattern } from '../names/names.ts'
import { readVersioned, strict, validator, Whole, writeMessage } from '../wire/validate.ts'

/** Most that a run may use; absent: no ceiling. */
export const Ceilings = Type.Object(
  {
    maxBytesPerSecond: Type.Optional(Whole('Bytes read in a second by the whole run.', 1)),
    maxRequestsPerSecond: Type.Optional(Whole('Requests to the filer in a second by the whole run.', 1)),
    maxWorkers: Type.Optional(Whole('Workers at once.', 1)),
  },
  { ...strict, description: 'Most that the run may use. Absent: no ceiling.' },
)
/** Most that a run may use; absent: no ceiling. */
export type Ceilings = Static<typeof Ceilings>

const ceiling = (description: string) => Type.Optional(Whole(`${description} 0 lifts it.`))

export const Control = Type.Object(
  {
    v: Type.Literal(1),
    command: Type.Enum(['cancel', 'pause', 'resume', 'change', 'failures'], {
      description: 'change: sets ceilings and weight. failures: asks for all failures of a run.',
    }),
    target: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Label of the job, id of the run, or id of the job message.',
    }),
    ceilings: Type.Optional(
      Type.Object(
        {
          maxBytesPerSecond: ceiling('Bytes read in a second.'),
          maxRequestsPerSecond: ceiling('Requests in a second.'),
          maxWorkers: ceiling('Workers at once.'),
        },
        { ...strict, description: 'Ceilings to change; those left out stay.' },
      ),
    ),
    weight: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    reply: Type.Optional(
      Type.String({ pattern: runPattern, description: 'Id of the queue that waits for the failures.' }),
    ),
  },
  { ...strict, title: 'Control', description: 'What a person asks of a run.' },
)
/** What a person asks of a run. */
export type Control = Static<typeof Control>

const control = validator(Control, ({ command, ceilings, weight, reply }) => {
  if ((command === 'failures') !== (reply !== undefined))
    return [problem('reply', reply, 'the id of a queue, where failures are asked for, and only there')]
  const values = weight !== undefined || Object.keys(ceilings ?? {}).length > 0
  if (command === 'change') return values ? [] : [problem('ceilings', ceilings, 'a ceiling or a weight to change')]
  return values ? [problem('command', command, 'change, where ceilings or a weight are given')] : []
})

/** Throws `CONTROL_INVALID`. */
export const encodeControl = (value: Control): string => writeMessage(control.parse(value, 'CONTROL_INVALID'))

/** Throws `VERSION_UNKNOWN`, `CONTROL_INVALID` (also for an unknown key) or `TOO_LARGE`. */
export const decodeControl = (text: string): Control =>
  control.parse(readVersioned(text, 'CONTROL_INVALID'), 'CONTROL_INVALID')

/** The ceilings that a job was submitted with. */
export const ceilingsOf = ({ maxBytesPerSecond, maxRequestsPerSecond, maxWorkers }: Ceilings): Ceilings => ({
  ...(maxBytesPerSecond === undefined ? {} : { maxBytesPerSecond }),
  ...(maxRequestsPerSecond === undefined ? {} : { maxRequestsPerSecond }),
  ...(maxWorkers === undefined ? {} : { maxWorkers }),
})

/** The ceilings after a change: those left out stay, 0 lifts one. */
export function changeCeilings(current: Ceilings, change: NonNullable<Control['ceilings']>): Ceilings {
  const entries = Object.entries({ ...current, ...change })
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined && value > 0))
}
