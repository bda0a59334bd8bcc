// What the list of VMs is made of before anybody has clicked. One module, so that it comes in one piece: a request costs a
// browser more than the few kilobytes of it that another page would not have needed.
export { VirtualMachinesPage } from './features/virtual-machines/virtual-machines-page.tsx'
export { AppShell } from './layouts/app-shell.tsx'
export { SessionGate } from './layouts/session-gate.tsx'
