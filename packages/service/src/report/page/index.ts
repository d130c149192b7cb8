/*
 * page       one HTML file that needs nothing else: what a manager is doing now, or the report of one run
 * view       what the page is fed with
 * timeline   a run's throughput and latencies over time, in a bounded number of points
 */
export type { ServedPage } from './pages.ts'
export { reportPage, statusPage } from './pages.ts'
export type {
  FailureList,
  ManagerView,
  Overview,
  ReportData,
  RunSummary,
  RunView,
  TimelineData,
  TimelineSample,
  WorkerView,
  WorkView,
} from './view.ts'
export { emptyTimeline, Timeline } from './view.ts'
