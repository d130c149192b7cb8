import { render } from 'preact'
import type { ReportData } from '../view.ts'
import { Live } from './live.tsx'
import { ReportPage } from './report.tsx'
import 'uplot/dist/uPlot.min.css'
import './style.css'

/** One page, two uses: with a report in it it shows that, else it asks the manager that it came from. */
const root = document.getElementById('app')
const embedded = document.getElementById('report')
if (root !== null) {
  root.textContent = ''
  if (embedded === null) render(<Live />, root)
  else render(<ReportPage data={JSON.parse(embedded.textContent ?? '') as ReportData} />, root)
}
