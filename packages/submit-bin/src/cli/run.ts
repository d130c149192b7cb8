import { exitCode, isFileQueue, translateLegacyFlags, UsageError } from '@cachewarmer/service/cli'
import { isSubmitError, readJob } from '@cachewarmer/service/submit'
import { change, control, list, status, submit } from './actions.ts'
import { failures } from './failures.ts'
import { history } from './history.ts'
import { isLegacy, legacyFlags, makeProgram } from './program.ts'
import { retry } from './retry.ts'
import { type GlobalSettings, type Session, withSession } from './session.ts'
import type { Terminal } from './terminal.ts'
import { describedJob, jobToVerify } from './verify/job-to-verify.ts'
import { verifyWarmth } from './verify/verify.ts'
import { watch } from './watch.ts'

/**
 * Does what a command line says, the original's spelling included, and returns the exit code. Throws what `runMain`
 * explains.
 */
export async function run(argv: readonly string[], version: string, terminal: Terminal): Promise<number> {
  const commands = makeProgram(version, terminal)
  const { program } = commands
  let code: number = exitCode.ok
  const act = async (work: (session: Session) => Promise<number>): Promise<void> => {
    code = await withSession(terminal, program.opts() satisfies GlobalSettings, work)
  }
  commands.submit.action(async (settings) => {
    const { retry: target } = settings
    if (target !== undefined) {
      await act((session) => retry(session, { ...settings, retry: target }))
      return
    }
    // Before any queue is opened: a wrong job needs none to be refused.
    const job = await readJob(settings, terminal)
    await act((session) => submit(session, job, { ...settings, labelled: !isLegacy(argv) }))
  })
  commands.status.action((target, settings) => act((session) => status(session, target, settings)))
  commands.watch.action((targets) => act((session) => watch(session, targets, program.opts().json === true)))
  commands.failures.action((target, settings) =>
    act((session) => failures(session, target, settings, program.opts().json === true)),
  )
  commands.history.action((target) => act((session) => history(session, target)))
  commands.list.action(() => act(list))
  commands.cancel.action((target) => act((session) => control(session, 'cancel', target)))
  commands.pause.action((target) => act((session) => control(session, 'pause', target)))
  commands.resume.action((target) => act((session) => control(session, 'resume', target)))
  commands.verify.action(async (target, settings) => {
    const { json, queue } = program.opts()
    const how = { settings, terminal, json }
    if (target === undefined)
      code = await verifyWarmth({ ...(await describedJob(settings, terminal)), ...how, loopback: true })
    else
      await act(async (session) =>
        verifyWarmth({
          ...(await jobToVerify(session, target, settings)),
          ...how,
          loopback: isFileQueue(queue),
        }),
      )
  })
  commands.change.action((target, wish) => act((session) => change(session, target, wish)))
  try {
    await program.parseAsync(translateLegacyFlags(argv, legacyFlags), { from: 'user' })
  } catch (error) {
    // A name that nothing goes by is the caller's mistake; a job that went away is the answer to the question.
    if (!isSubmitError(error)) throw error
    if (error.code !== 'JOB_GONE' && error.code !== 'NO_ANSWER') throw new UsageError(error.message, { cause: error })
    terminal.stderr.write(`${program.name()}: ${error.message}\n`)
    return exitCode.failed
  }
  return code
}
