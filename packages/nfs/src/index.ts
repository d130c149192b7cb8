export { decodeName, encodeName } from './names.ts'
