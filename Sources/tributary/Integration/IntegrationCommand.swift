import ArgumentParser

struct IntegrationGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integration",
        abstract: "Add, list, change, pause and remove the orgs that are collected.",
        discussion: """
            add asks for what it needs, tries it at the org, saves it, has the daemon take it over, and waits for the first events. Without a \
            terminal, flags and standard input say the same. pause and remove keep the place in the log, the history and the spool.

            Example:
              sudo tributary integration add
              sudo tributary integration list
              sudo tributary integration pause acme
            """,
        subcommands: [
            IntegrationAdd.self, IntegrationList.self, IntegrationShow.self, IntegrationEdit.self,
            IntegrationPause.self, IntegrationResume.self, IntegrationRemove.self,
        ])
}
