/** One thing that a request does, as roles name it. */
export interface Permission {
  readonly action: string
  readonly scope: string
}

const compute = 'Microsoft.Compute/virtualMachineScaleSets'

/** What a request to a scale set needs; a body needs more, for what it refers to. */
export function permissionsFor(
  method: string,
  setId: string,
  rest: string,
  references: readonly string[],
): Permission[] {
  const below = rest.startsWith('/virtualMachines')
  if (below) return [{ action: `${compute}/virtualMachines/${method === 'DELETE' ? 'delete' : 'read'}`, scope: setId }]
  if (rest === '/delete') return [{ action: `${compute}/delete/action`, scope: setId }]
  const verb = method === 'GET' ? 'read' : method === 'DELETE' ? 'delete' : 'write'
  return [{ action: `${compute}/${verb}`, scope: setId }, ...references.map(linked)]
}

function linked(scope: string): Permission {
  if (/\/subnets\//i.test(scope)) return { action: 'Microsoft.Network/virtualNetworks/subnets/join/action', scope }
  if (/ManagedIdentity/i.test(scope))
    return { action: 'Microsoft.ManagedIdentity/userAssignedIdentities/assign/action', scope }
  return { action: 'Microsoft.Compute/galleries/images/versions/read', scope }
}

/** The words by which Azure says no, which are all that it says. */
export function denial(denied: Permission, main: Permission): { code: string; message: string } {
  const who = "The client 'manager' with object id '00000000-0000-0000-0000-000000000001'"
  if (denied === main) {
    const what = `does not have authorization to perform action '${main.action}' over scope '${main.scope}'`
    return { code: 'AuthorizationFailed', message: `${who} ${what} or the scope is invalid.` }
  }
  const has = `has permission to perform action '${main.action}' on scope '${main.scope}'`
  const lacks = `it does not have permission to perform action(s) '${denied.action}' on the linked scope(s) '${denied.scope}'`
  const message = `${who} ${has}; however, ${lacks} (respectively) or the linked scope(s) are invalid.`
  return { code: 'LinkedAuthorizationFailed', message }
}
