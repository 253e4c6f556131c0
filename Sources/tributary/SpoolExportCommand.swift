import ArgumentParser

struct SpoolExport: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "export", abstract: "Parquet.")
    func run() throws {}
}
