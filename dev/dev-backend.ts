// The demo from its sources, for `npm run dev`.
import { demo } from './demo.ts'

await demo(process.argv.slice(2))
