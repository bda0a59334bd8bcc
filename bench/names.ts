// What the cluster under measurement and its measurements call alike.

export const groupUser = (index: number) => `group-${String(index).padStart(2, '0')}`
/** People who may open any screen: the server grants each of them a few. */
export const onlooker = (index: number) => `onlooker-${String(index).padStart(2, '0')}`
export const onlookers = 25
export const changedLabel = 'bench'
/** What KubeVirt's consoles speak. */
export const consoleProtocol = 'plain.kubevirt.io'
