export { aScaleSet, testLocation, testResourceGroup, testSshKey, testSubnetId, testSubscription } from './settings.ts'
