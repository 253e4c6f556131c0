import Configuration

/// Configuration keys that are valid but that this version does not implement yet. They are reported at the start and by `tributary check`,
/// so that nobody relies on them.
package struct VersionLimits {
    /// What has no effect.
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
