load "../style.gp"
$line0 << END
0,3.82
1,4.133
2,4.372
3,4.588
4,4.571
END
$line1 << END
0,4.079
1,4.121
2,4.205
3,4.253
4,4.199
END
$line2 << END
0,6.924
1,7.432
2,8.001
3,8.181
4,8.51
END
$line3 << END
0,7.72
1,7.646
2,7.822
3,7.998
4,7.577
END
$line4 << END
7,5.501
END
$line5 << END
7,5.968
END
$line6 << END
7,8.67
END
$line7 << END
7,9.142
END
$line8 << END
5,5.131
6,5.468
END
$line9 << END
5,5.277
6,6.023
END
$line10 << END
5,9.121
6,9.773
END
$line11 << END
5,9.807
6,11.08
END
set xlabel "commit, in order of appearance"
set ylabel "times as fast as naive loops, 1 thread"
set xrange [-0.5:7.5]
set yrange [0:*]
set key outside right center
set xtics rotate by -45 ("0efd3b3" 0, "bab3712" 1, "3d9528b" 2, "93f61ac" 3, "52483fc" 4, "0db9f53" 5, "e1ad47d" 6, "15bc17f" 7)
set terminal svg size 1240,560 font 'DejaVu Sans,14' background 'white'
set output "history.svg"
plot $line0 using 1:2 with linespoints lc rgb colour[1] lw 2.5 pt 5 title "AuthenticAMD-26-2-1 avx2, products", \
    $line1 using 1:2 with linespoints lc rgb colour[2] lw 2.5 pt 7 title "AuthenticAMD-26-2-1 avx2, steps", \
    $line2 using 1:2 with linespoints lc rgb colour[3] lw 2.5 pt 9 title "AuthenticAMD-26-2-1 avx512, products", \
    $line3 using 1:2 with linespoints lc rgb colour[4] lw 2.5 pt 11 title "AuthenticAMD-26-2-1 avx512, steps", \
    $line4 using 1:2 with linespoints lc rgb colour[5] lw 2.5 pt 5 title "GenuineIntel-6-167-1 avx2, products", \
    $line5 using 1:2 with linespoints lc rgb colour[6] lw 2.5 pt 7 title "GenuineIntel-6-167-1 avx2, steps", \
    $line6 using 1:2 with linespoints lc rgb colour[1] lw 2.5 pt 9 title "GenuineIntel-6-167-1 avx512, products", \
    $line7 using 1:2 with linespoints lc rgb colour[2] lw 2.5 pt 11 title "GenuineIntel-6-167-1 avx512, steps", \
    $line8 using 1:2 with linespoints lc rgb colour[3] lw 2.5 pt 5 title "GenuineIntel-6-207-2 avx2, products", \
    $line9 using 1:2 with linespoints lc rgb colour[4] lw 2.5 pt 7 title "GenuineIntel-6-207-2 avx2, steps", \
    $line10 using 1:2 with linespoints lc rgb colour[5] lw 2.5 pt 9 title "GenuineIntel-6-207-2 avx512, products", \
    $line11 using 1:2 with linespoints lc rgb colour[6] lw 2.5 pt 11 title "GenuineIntel-6-207-2 avx512, steps"
set terminal pngcairo size 2480,1120 font 'DejaVu Sans,14' background 'white' fontscale 2 linewidth 2 pointscale 2
set output "history.png"
plot $line0 using 1:2 with linespoints lc rgb colour[1] lw 2.5 pt 5 title "AuthenticAMD-26-2-1 avx2, products", \
    $line1 using 1:2 with linespoints lc rgb colour[2] lw 2.5 pt 7 title "AuthenticAMD-26-2-1 avx2, steps", \
    $line2 using 1:2 with linespoints lc rgb colour[3] lw 2.5 pt 9 title "AuthenticAMD-26-2-1 avx512, products", \
    $line3 using 1:2 with linespoints lc rgb colour[4] lw 2.5 pt 11 title "AuthenticAMD-26-2-1 avx512, steps", \
    $line4 using 1:2 with linespoints lc rgb colour[5] lw 2.5 pt 5 title "GenuineIntel-6-167-1 avx2, products", \
    $line5 using 1:2 with linespoints lc rgb colour[6] lw 2.5 pt 7 title "GenuineIntel-6-167-1 avx2, steps", \
    $line6 using 1:2 with linespoints lc rgb colour[1] lw 2.5 pt 9 title "GenuineIntel-6-167-1 avx512, products", \
    $line7 using 1:2 with linespoints lc rgb colour[2] lw 2.5 pt 11 title "GenuineIntel-6-167-1 avx512, steps", \
    $line8 using 1:2 with linespoints lc rgb colour[3] lw 2.5 pt 5 title "GenuineIntel-6-207-2 avx2, products", \
    $line9 using 1:2 with linespoints lc rgb colour[4] lw 2.5 pt 7 title "GenuineIntel-6-207-2 avx2, steps", \
    $line10 using 1:2 with linespoints lc rgb colour[5] lw 2.5 pt 9 title "GenuineIntel-6-207-2 avx512, products", \
    $line11 using 1:2 with linespoints lc rgb colour[6] lw 2.5 pt 11 title "GenuineIntel-6-207-2 avx512, steps"
