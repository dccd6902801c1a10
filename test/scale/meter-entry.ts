/** `node --import` puts it before the program: its costs are told to whoever has started it. */
import { answerQuestions } from '../support/process-questions.ts'
import { beginMetering, readFigures } from './meter.ts'

beginMetering()
answerQuestions({ figures: readFigures })
// It ends when the program does.
process.channel?.unref()
