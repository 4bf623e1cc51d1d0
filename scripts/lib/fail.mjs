// How a check ends: it names every fault with its mend and exits with 1, or says in one line what it looked at.
export function finish(name, faults, mend, summary) {
  if (faults.length === 0) {
    console.log(`${name}: ${summary}`);
    return;
  }
  for (const fault of faults) console.error(`${name}: ${fault}`);
  console.error(`${name}: mend: ${mend}`);
  process.exitCode = 1;
}
