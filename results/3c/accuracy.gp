load "../style.gp"
set output "accuracy.svg"
set ylabel "validation accuracy"
set yrange [0.84:0.98]
set key bottom right
eval "plot ".evaluated("2c", "validation_accuracy", 1, "validation, 2c").", ".\
    evaluated("3a", "validation_accuracy", 2, "validation, 3a: + init").", ".\
    evaluated("3b", "validation_accuracy", 3, "validation, 3b: + improved sigmoid").", ".\
    evaluated("3c", "validation_accuracy", 4, "validation, 3c: + momentum")
eval png
set output "accuracy.png"
replot
