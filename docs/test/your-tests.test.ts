// The page shows a test file; here it runs.
import '../snippets/guide/your-tests.js';
