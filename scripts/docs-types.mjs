// Two pages made from the types: every event with what it holds, and every option with its default, in the words of their
// doc comments. What is not exported by a published entry is not in them.
import { join } from 'node:path';
import ts from 'typescript';
import { publishedPackages, root } from './lib/workspace.mjs';

const packages = publishedPackages();
const program = ts.createProgram(
  packages.flatMap(({ dir, entries }) => entries.map(({ source }) => join(dir, source))),
  {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    customConditions: ['@portcullis/source'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  },
);
const checker = program.getTypeChecker();

/** The interfaces that a package's main entry exports and whose name ends so, each with the members it declares itself. */
function* interfaces(ending) {
  for (const { name, dir, entries } of packages) {
    const seen = new Set();
    for (const { source } of entries) {
      const file = program.getSourceFile(join(dir, source));
      const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(file));
      for (const symbol of exported) {
        const real = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
        const declaration = real.declarations?.find(ts.isInterfaceDeclaration);
        if (!real.name.endsWith(ending) || real.name === ending || declaration === undefined || seen.has(real.name))
          continue;
        if (!declaration.getSourceFile().fileName.startsWith(dir)) continue;
        seen.add(real.name);
        yield {
          pkg: name,
          name: real.name,
          said: comment(real),
          members: declaration.members.filter((each) => each.name),
        };
      }
    }
  }
}

const comment = (symbol) =>
  ts.displayPartsToString(symbol.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ').trim();
const escape = (text) =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('{{', '&#123;&#123;').replaceAll(/\s+/g, ' ');
/** Code in a cell: a table ends at a bar even there. */
const code = (text) => `\`${text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')}\``;
const nameOf = (member) => member.name.getText().replaceAll(/^['"]|['"]$/g, '');

/** The fields of an event, as its type has them; a type that is a union says all of them. */
function fieldsOf(member) {
  const type = checker.getTypeFromTypeNode(member.type);
  const parts = type.isUnion() ? type.types : [type];
  return [...new Set(parts.flatMap((part) => checker.getPropertiesOfType(part).map(({ name }) => name)))];
}

function page(title, intro, ending, columns, row) {
  const sections = [...interfaces(ending)]
    .filter(({ members }) => members.length > 0)
    .map(
      ({ pkg, name, said, members }) =>
        `## ${name}\n\n${code(pkg)}${said === '' ? '' : `. ${escape(said)}`}\n\n| ${columns.join(' | ')} |\n|${' --- |'.repeat(columns.length)}\n${members.map((member) => `| ${row(member).join(' | ')} |`).join('\n')}`,
    );
  return `# ${title}\n\n${intro}\n\n${sections.join('\n\n')}\n`;
}

export const eventsPage = () =>
  page(
    'Events',
    `What Portcullis tells: \`guard.on('authentication.rejected', listener)\`, or \`'*'\` for all. Pass one stream of \`createEvents()\` to the
guard and to the packages to hear them together. No event holds a secret. A listener that throws disturbs nobody.
This page is made from the types.`,
    'Events',
    ['event', 'holds', 'when'],
    (member) => [
      code(nameOf(member)),
      fieldsOf(member).map(code).join(' '),
      escape(comment(checker.getSymbolAtLocation(member.name))),
    ],
  );

export const configurationPage = () =>
  page(
    'Configuration',
    `Every option of every factory. They are checked and copied when the factory is called: a wrong one is \`invalid_option\` at start-up,
with its name and the mend. Times are milliseconds unless said otherwise. This page is made from the types.`,
    'Options',
    ['option', 'type', 'meaning'],
    (member) => [
      code(`${nameOf(member)}${member.questionToken ? '?' : ''}`),
      code((member.type ?? member).getText().replaceAll(/\s+/g, ' ').slice(0, 120)),
      escape(comment(checker.getSymbolAtLocation(member.name))),
    ],
  );
