# Installs a released pmhooks for this user:
#     irm https://github.com/OWNER/pmhooks/releases/latest/download/install.ps1 | iex
#
# Environment: PMHOOKS_VERSION, PMHOOKS_INSTALL_DIR, PMHOOKS_RELEASES, as in install.sh.
$ErrorActionPreference = 'Stop'

function Install-Pmhooks {
    $version = if ($env:PMHOOKS_VERSION) { $env:PMHOOKS_VERSION } else { 'latest' }
    $folder = if ($env:PMHOOKS_INSTALL_DIR) { $env:PMHOOKS_INSTALL_DIR } else { Join-Path $env:LOCALAPPDATA 'Programs\pmhooks' }
    $releases = if ($env:PMHOOKS_RELEASES) { $env:PMHOOKS_RELEASES } else { 'https://github.com/OWNER/pmhooks/releases' }
    $base = if ($version -eq 'latest') { "$releases/latest/download" } else { "$releases/download/$version" }
    # arm64 runs the x86-64 program.
    $name = 'pmhooks-x86_64-pc-windows-msvc'
    $work = Join-Path ([IO.Path]::GetTempPath()) ([IO.Path]::GetRandomFileName())
    New-Item -ItemType Directory -Path $work | Out-Null
    try {
        Invoke-WebRequest -UseBasicParsing -Uri "$base/SHA256SUMS" -OutFile "$work\SHA256SUMS"
        Invoke-WebRequest -UseBasicParsing -Uri "$base/$name.zip" -OutFile "$work\$name.zip"
        $line = Get-Content "$work\SHA256SUMS" | Where-Object { $_ -match "^([0-9a-f]{64}) +\*?$([regex]::Escape("$name.zip"))$" }
        if (-not $line) { throw "SHA256SUMS does not list $name.zip" }
        $expected = $line.Substring(0, 64)
        $actual = (Get-FileHash -Algorithm SHA256 "$work\$name.zip").Hash.ToLowerInvariant()
        if ($expected -ne $actual) { throw "checksum of $name.zip does not match: expected $expected, got $actual" }
        Expand-Archive -Path "$work\$name.zip" -DestinationPath $work
        New-Item -ItemType Directory -Force -Path $folder | Out-Null
        Copy-Item -Force "$work\$name\pmhooks.exe" "$folder\pmhooks.exe"
        Write-Output "Installed $(& "$folder\pmhooks.exe" --version) to $folder\pmhooks.exe"
        if (($env:PATH -split ';') -notcontains $folder) {
            Write-Output "Add $folder to PATH to run pmhooks by its name."
        }
    } finally {
        Remove-Item -Recurse -Force $work
    }
}

Install-Pmhooks
