/** What each worker does in a second: calls in all, and reads for each of the two jobs. */
export interface Rates {
  readonly calls: readonly number[]
  readonly night: readonly number[]
  readonly day: readonly number[]
}

/** What may be seen of the job `night` on all workers. */
type Sight = (rates: Rates) => boolean

/** Far from standing still, far below what a worker can do. */
const some = 20
/** More than any ceiling that is set here leaves to a worker. */
const many = 100

const sum = (rates: readonly number[]): number => rates.reduce((total, rate) => total + rate, 0)

export const allRead: Sight = ({ night }) => night.every((rate) => rate > some)
export const nothingIsRead: Sight = ({ night }) => night.every((rate) => rate === 0)
export const nothingHolds: Sight = ({ calls }) => calls.every((rate) => rate > many)
export const oneReads: Sight = ({ night }) =>
  night.filter((rate) => rate > some).length === 1 && night.filter((rate) => rate === 0).length === night.length - 1

/** About so many calls a second, shared equally. */
export const callsAreAbout =
  (perSecond: number): Sight =>
  ({ calls }) =>
    calls.every((rate) => isNear(rate, perSecond / calls.length))

/** About so many reads a second, shared equally. */
export const readsAreAbout =
  (perSecond: number): Sight =>
  ({ night }) =>
    night.every((rate) => isNear(rate, perSecond / night.length))

/** Every worker is at work, and about so large a share of all that they do together is for the job. */
export const shareIsAbout =
  (share: number): Sight =>
  ({ night, day }) =>
    night.every((rate, at) => rate + (day[at] ?? 0) > some) &&
    Math.abs(sum(night) / (sum(night) + sum(day)) - share) < 0.12

const isNear = (rate: number, wanted: number): boolean => rate > wanted * 0.7 && rate < wanted * 1.2
