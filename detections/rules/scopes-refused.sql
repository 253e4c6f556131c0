-- A program asked for scopes that it does not have
--
-- A client asked for a token for itself and was refused, since it has none of the scopes: somebody may be trying
-- out a stolen credential.
--
-- Follows: Elastic, Unauthorized Scope for Public App OAuth2 Token Grant with Client Credentials: https://github.com/elastic/detection-rules/blob/main/rules/integrations/okta/defense_evasion_first_occurence_public_app_client_credential_token_exchange.toml
-- ATT&CK: T1550.001 Application Access Token
-- OCSF: 1.8.0, 1.5.0, 1.3.0
SELECT happened, "user".name AS program, src_endpoint.ip AS ip,
       [e.data->>'requested_scopes' for e in enrichments if e.type = 'oauth_grant'] AS scopes,
       [metadata.uid] AS uids
FROM okta
WHERE metadata.event_code IN ('app.oauth2.as.token.grant', 'app.oauth2.token.grant') AND status_id = 2
  AND status_detail = 'no_matching_scope'
  AND len([e for e in enrichments if e.type = 'oauth_grant' AND (e.data->>'grant_type') = 'client_credentials']) > 0
  AND coalesce(http_request.user_agent, '') <> 'Okta-Integrations';
