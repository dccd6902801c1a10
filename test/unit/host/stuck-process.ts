/** Stands for a tool whose driver doesn't answer: it neither prints nor ends. */
setInterval(() => {}, 60_000)
