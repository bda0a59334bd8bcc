// Placeholder until this page is built.
export function VirtualMachinesPage() {
  return null
}
