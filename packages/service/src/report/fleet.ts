import type { FleetStatus } from '@cachewarmer/core'
import { printable } from './printable.ts'
import { table } from './table.ts'
import { count } from './units.ts'

/** What there is to say of the machines. Of processes beside the manager, which cost nothing, only what went wrong. */
export function fleetLines(fleet: FleetStatus): string[] {
  const { problem, notes } = fleet
  return [
    ...table(fleet.kind === 'vmss' ? machines(fleet) : [], ['left', 'left']),
    ...(problem === undefined ? [] : [`in the way: ${printable(problem)}`]),
    ...notes.map(printable),
  ]
}

function machines({ running, wanted, size, priority, machineHours, cost }: FleetStatus): [string, string][] {
  const what = [size, priority].filter((word) => word !== undefined).map(printable)
  const rows: [string, string][] = [
    ['machines', [`${count(running)} of ${count(wanted)} wanted run`, ...what].join(', ')],
  ]
  if (machineHours !== undefined) rows.push(['machine hours', hours(machineHours)])
  if (cost !== undefined) rows.push(['cost', costWords(cost)])
  return rows
}

const hours = (value: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })

/** A limit says no more than what it cannot be above. */
const costWords = ({ dollars, basis }: NonNullable<FleetStatus['cost']>): string => {
  const sum = dollars.toLocaleString('en-US', { style: 'currency', currency: 'USD' })
  return basis === 'price' ? `${sum} at the price that was given` : `at most ${sum}, by the price limit`
}
