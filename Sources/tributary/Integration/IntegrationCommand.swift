import ArgumentParser

struct IntegrationGroup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "integration",
        abstract: "Add, list, change, pause and remove the orgs to collect from.",
        discussion: """
            add asks for missing values, tests them with the org, saves them, makes the daemon apply them, and waits for the first events. Without a \
            terminal, add takes all values from flags and standard input. pause and remove keep the integration's place in the log, its history and \
            its spool.

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
