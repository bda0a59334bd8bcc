// What the cluster under measurement and its measurements call alike.

export const groupUser = (index: number) => `group-${String(index).padStart(2, '0')}`
/** People who may open any console: the server grants each of them a few. */
export const typist = (index: number) => `typist-${String(index).padStart(2, '0')}`
export const typists = 25
export const changedLabel = 'bench'
/** What KubeVirt's consoles speak. */
export const consoleProtocol = 'plain.kubevirt.io'
