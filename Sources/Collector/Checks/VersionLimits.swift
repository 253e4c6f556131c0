import Configuration

/// What a configuration may say by its contract and this version does not do yet. Said at the start and by `tributary check`,
/// so that nobody relies on it.
package struct VersionLimits {
    /// What is without effect.
    package let warnings: [String]

    package init(_ configuration: Configuration) {
        warnings = configuration.integrations.compactMap { integration in
            guard integration.responseAction != nil else { return nil }
            return """
                the integration “\(integration.name)” has a response_action; response actions are not part of this version, \
                nothing will use it
                """
        }
    }
}
