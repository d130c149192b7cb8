/** For tests of programs around the service: statuses, queues in memory, and answers as a manager gives them. */
export * from '../report/testing/index.ts'
export { allFailures, answerFailures } from '../submit/testing/answers.ts'
export type { World } from '../submit/testing/builders.ts'
export { aWorld, names, Posts, prefix } from '../submit/testing/builders.ts'
