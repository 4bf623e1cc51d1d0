// What an import costs when there is nothing in it: the first one of a process starts the loader.
