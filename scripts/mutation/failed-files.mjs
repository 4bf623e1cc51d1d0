// A test file that fails as it loads has no tests. Stryker counts failed tests, and would take it for a mutant that no test noticed.
const testsOf = ({ tasks }) => tasks.flatMap((task) => (task.type === 'suite' ? testsOf(task) : task));

/** Gives each file that fails without a test one that says so. */
export function failWithFiles({ state }) {
  const getFiles = state.getFiles.bind(state);
  state.getFiles = (...wanted) => {
    const files = getFiles(...wanted);
    for (const file of files)
      if (file.result?.state === 'fail' && testsOf(file).length === 0)
        file.tasks.push({ type: 'test', mode: 'run', name: 'loads', file, meta: {}, result: file.result });
    return files;
  };
}
